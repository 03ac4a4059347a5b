// A scrolled height that has no bound. Browsers can't lay out more than some 17 to 33 million pixels, and a million rows
// are more: beyond a height the scroll bar stands for more than its own pixels. Near both ends, and for every small step,
// a pixel stays a pixel.

const HEIGHT_MAX = 12_000_000;
const EDGE = 100_000;
const REST_MS = 160;

/** Where rows are in a box that scrolls. */
export class Scroll {
  #box;
  #body;
  #height = 0;
  #drawn = 0;
  #top = 0;
  #last = 0;
  #rest;
  #head;
  /** Pixels of rows that are seen at once. */
  view = 0;

  constructor(box, body, { changed, head }) {
    this.#box = box;
    this.#body = body;
    this.#head = head;
    box.addEventListener("scroll", () => { this.#read(); changed(); }, { passive: true });
    box.addEventListener("scroll", () => {
      clearTimeout(this.#rest);
      this.#rest = setTimeout(() => { if (this.#settle()) changed(); }, REST_MS);
    }, { passive: true });
  }

  /** Says how high the box is: asking it at every step would have the browser lay the page out each time. */
  resized(height) {
    this.view = Math.max(0, height - this.#head);
  }

  /** The distance of the seen part from the first row, in pixels of rows. */
  get top() {
    return this.#top;
  }

  /** By how much rows are to be drawn higher than their place says. */
  get shift() {
    return this.#top - this.#last;
  }

  size(height) {
    if (height === this.#height) return;
    this.#height = height;
    this.#drawn = Math.min(height, HEIGHT_MAX);
    this.#body.style.height = `${this.#drawn}px`;
    this.#top = Math.max(0, Math.min(this.#top, height - this.view));
    this.#settle();
  }

  /** Goes to a distance. */
  to(top) {
    this.#top = Math.max(0, Math.min(top, this.#height - this.view));
    this.#settle();
  }

  #read() {
    const now = this.#box.scrollTop;
    const step = now - this.#last;
    this.#last = now;
    if (this.#drawn === this.#height) this.#top = now;
    else if (Math.abs(step) < this.view * 4 && now > 0) this.#top = Math.max(0, Math.min(this.#top + step, this.#height - this.view));
    else this.#top = this.#fromBar(now);
  }

  /** Moves the bar to where the seen part is; rows are not seen to move. */
  #settle() {
    const wanted = this.#toBar(this.#top);
    const moved = Math.abs(wanted - this.#last) >= 1;
    if (!moved) return false;
    this.#box.scrollTop = wanted;
    this.#last = this.#box.scrollTop;
    return true;
  }

  #ranges() {
    return [this.#drawn - this.view, this.#height - this.view];
  }

  #toBar(top) {
    const [bar, rows] = this.#ranges();
    return scaled(top, rows, bar);
  }

  #fromBar(at) {
    const [bar, rows] = this.#ranges();
    return scaled(at, bar, rows);
  }
}

/** Where something at a distance within one range is in another one. */
function scaled(at, from, to) {
  if (from === to || at <= EDGE) return at;
  if (at >= from - EDGE) return to - (from - at);
  return EDGE + ((at - EDGE) * (to - 2 * EDGE)) / (from - 2 * EDGE);
}
