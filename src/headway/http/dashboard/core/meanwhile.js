// What a stream tells while an answer is on its way: the answer may be older than that.

export class Meanwhile {
  constructor() {
    this.hearers = new Set();
  }

  // Something was told: note it for every answer that is not there yet.
  tell(told) {
    for (const heard of this.hearers) heard.push(told);
  }

  // Ask; `take` the answer, and what was told since, before anything else is.
  async during(ask, take) {
    const heard = [];
    this.hearers.add(heard);
    try {
      take(await ask(), heard);
    } finally {
      this.hearers.delete(heard);
    }
  }
}
