"""How far news take a viewer: each durable event once and in order, whoever reads them first."""

from headway.http.frames import Frame
from headway.http.news import News, Place, arrived, step


def event(number: int, *, last: bool = False) -> Frame:
    return Frame("metric", b"%d" % number, number, last=last)


def snapshot(version: int, reach: int = 0, *, moving: bool = False) -> Frame:
    return Frame("update", b"{}", version=version, reach=reach, moving=moving)


def test_an_event_is_shown_once() -> None:
    """Those a viewer has seen are passed over, and he stands after the newest."""
    found = step(Place(1, 0), [event(1), event(2), event(3)])
    assert [frame.number for frame in found.frames] == [2, 3]
    assert found.place == Place(3, 0)
    assert not found.is_behind


def test_who_lacks_an_event_is_behind_and_stays_where_he_is() -> None:
    """Whether the next event tells of it, or a snapshot that stands behind it."""
    assert step(Place(1, 4), [event(3)]) == step(Place(1, 4), [snapshot(5, reach=2)])
    assert step(Place(1, 4), [event(3)]).is_behind
    assert step(Place(1, 4), [event(3)]).place == Place(1, 4)
    assert not step(Place(1, 4), [event(2), snapshot(5, reach=2)]).is_behind


def test_a_snapshot_is_shown_if_it_is_newer() -> None:
    """One that moves by itself also at the same version; an older one never."""
    assert step(Place(0, 4), [snapshot(4)]).frames == []
    assert len(step(Place(0, 4), [snapshot(4, moving=True)]).frames) == 1
    assert step(Place(0, 4), [snapshot(3, moving=True)]).frames == []
    assert step(Place(0, 4), [snapshot(5)]).place == Place(0, 5)


def test_nothing_follows_the_last_frame() -> None:
    """Not even what was read with it."""
    found = step(Place(), [event(1, last=True), snapshot(9)])
    assert found.is_last
    assert [frame.number for frame in found.frames] == [1]


def test_viewers_in_the_same_place_share_a_step_and_its_bytes() -> None:
    """It is worked out and encoded once, however many they are."""
    news = News([event(1), snapshot(2, reach=1)])
    assert news.step_from(Place()) is news.step_from(Place())
    assert news.step_from(Place()).chunk is news.step_from(Place()).chunk
    assert news.step_from(Place(1, 0)) is not news.step_from(Place())
    assert len(news.step_from(Place(1, 0)).frames) == 1


def test_news_that_waited_are_taken_in_order() -> None:
    """As one row of frames."""
    frames = [event(1), event(2), event(3)]
    assert arrived([News(frames[:2]), News(frames[2:])]) == frames
