"""How far news take a viewer: each durable event once and in order, whoever reads them first."""

from headway.http.frames import LARGEST, Frame, pieces
from headway.http.news import JobPlace, News, OwnerPlace, Place, Step, arrived, step


def event(number: int, *, last: bool = False) -> Frame:
    return Frame("metric", b"%d" % number, number, last=last)


def snapshot(version: int = 0, *, moving: bool = False) -> Frame:
    return Frame("update", b"{}", version=version, moving=moving)


def shown(place: Place, *told: Frame, since: int = 0, reach: int = 0) -> Step:
    return step(place, [News(told, since=since, reach=reach)])


def test_an_event_is_shown_once() -> None:
    """Those a viewer has seen are passed over, and he stands after the newest."""
    found = shown(JobPlace(1, 0), event(1), event(2), event(3))
    assert [frame.number for frame in found.frames] == [2, 3]
    assert found.place == JobPlace(3, 0)
    assert not found.is_behind


def test_who_lacks_an_event_is_behind_and_stays_where_he_is() -> None:
    """Whatever the news are, a snapshot or nothing at all, and though they join on to others that
    do not join on to what he was shown."""
    for place in (JobPlace(1, 4), OwnerPlace(1)):
        for told in ([event(3)], [snapshot(5)], []):
            assert step(place, [News(told, since=2, reach=3)]) == Step(place, [], is_behind=True)
        gap = [News([event(2)], since=1, reach=2), News([event(4)], since=3, reach=4)]
        assert step(place, gap) == Step(place, [], is_behind=True)
        assert not step(place, [gap[0], News([snapshot(5)], since=2, reach=2)]).is_behind


def test_a_snapshot_of_a_job_is_shown_if_it_is_newer() -> None:
    """One that moves by itself also at the same version; an older one never."""
    place = JobPlace(0, 4)
    assert shown(place, snapshot(4)).frames == []
    assert len(shown(place, snapshot(4, moving=True)).frames) == 1
    assert shown(place, snapshot(3, moving=True)).frames == []
    assert shown(place, snapshot(5)).place == JobPlace(0, 5)


def test_a_snapshot_among_all_jobs_is_not_shown_to_who_may_have_seen_its_job_end() -> None:
    """He has read further by himself than whoever took it."""
    assert shown(OwnerPlace(7), event(5), snapshot(), since=4, reach=6).frames == []
    assert len(shown(OwnerPlace(6), event(5), snapshot(), since=4, reach=6).frames) == 1


def test_events_of_others_move_a_viewer_of_all_jobs_on() -> None:
    """They lie between his own, and he lacks none."""
    found = step(
        OwnerPlace(1), [News([event(3)], since=1, reach=8), News([event(9)], since=8, reach=9)]
    )
    assert [frame.number for frame in found.frames] == [3, 9]
    assert found.place == OwnerPlace(9)


def test_nothing_follows_the_last_frame() -> None:
    """Not even what was read with it."""
    found = shown(JobPlace(), event(1, last=True), snapshot(9))
    assert found.is_last
    assert [frame.number for frame in found.frames] == [1]


def test_viewers_in_the_same_place_share_a_step_and_its_bytes() -> None:
    """It is worked out and encoded once, however many they are."""
    news = News([event(1), snapshot(2)])
    assert news.step_from(JobPlace()) is news.step_from(JobPlace())
    assert news.step_from(JobPlace()).pieces is news.step_from(JobPlace()).pieces
    assert news.step_from(JobPlace(1, 0)) is not news.step_from(JobPlace())
    assert len(news.step_from(JobPlace(1, 0)).frames) == 1


def test_much_news_is_sent_in_pieces_in_order() -> None:
    """None larger than the bound, unless a single frame is: that goes alone."""
    told = [event(number) for number in range(1, 20_001)]
    told.insert(7, Frame("log", b"x" * 2 * LARGEST))
    bodies = [piece["body"] for piece in pieces(told)]
    assert b"".join(bodies) == b"".join(frame.sse for frame in told)
    assert [len(body) > LARGEST for body in bodies[:3]] == [False, True, False]
    assert max(len(body) for body in bodies[2:]) <= LARGEST < sum(map(len, bodies[2:4]))


def test_news_that_waited_are_taken_in_order() -> None:
    """As one row of frames."""
    frames = [event(1), event(2), event(3)]
    assert arrived([News(frames[:2]), News(frames[2:])]) == frames
