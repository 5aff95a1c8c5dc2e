// Server-Sent Events out of text that comes in pieces, as the WHATWG's specification reads them.

const LINE_END = /\r\n|\n|\r/g;

export class EventParser {
  constructor() {
    this.id = ""; // the last event id, which holds until another one comes
    this.retry = null; // milliseconds, once the server has said so
    this.rest = "";
    this.afterCarriageReturn = false;
    this.begin();
  }

  // The events that this piece of the stream completes.
  feed(text) {
    const events = [];
    for (const line of this.lines(text)) {
      if (line === "") this.dispatch(events);
      else this.take(line);
    }
    return events;
  }

  // A piece that ends in CR ends its line; an LF that the next one begins with is part of that end.
  lines(text) {
    if (text === "") return [];
    if (this.afterCarriageReturn && text[0] === "\n") text = text.slice(1);
    this.afterCarriageReturn = text === "" ? false : text.at(-1) === "\r";
    const lines = (this.rest + text).split(LINE_END);
    this.rest = lines.pop();
    return lines;
  }

  begin() {
    this.type = "";
    this.data = [];
    this.place = null; // the id that this very event names
  }

  take(line) {
    const at = line.indexOf(":");
    if (at === 0) return; // a comment
    const field = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
    if (field === "data") this.data.push(value);
    else if (field === "event") this.type = value;
    else if (field === "id" && !value.includes("\0")) this.id = this.place = value;
    else if (field === "retry" && /^[0-9]+$/.test(value)) this.retry = Number(value);
  }

  dispatch(events) {
    if (this.data.length > 0) {
      const { type, data, id, place } = this;
      events.push({ event: type || "message", data: data.join("\n"), id, place });
    }
    this.begin();
  }
}
