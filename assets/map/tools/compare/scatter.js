// A light map of points on a canvas, for what stands beside the main one: it neither zooms nor pans.
const SCATTER_EDGE = 18; // pixels around the outermost points

class Scatter {
  constructor(target) {
    this.canvas = target;
    this.places = new Float32Array(0); // x and y of each test point, by its index in the test set
    this.chosen = null; // a Set of indices that stand out
  }

  show(places) {
    this.places = places;
    const [xs, ys] = [0, 1].map((from) => places.filter((_, i) => i % 2 === from).sort());
    this.middle = [xs, ys].map((sorted) => (sorted[0] + sorted[sorted.length - 1]) / 2);
    this.extent = [xs, ys].map((sorted) => sorted[sorted.length - 1] - sorted[0] || 1);
    this.draw();
  }

  toPixels(x, y) {
    return [this.size[0] / 2 + (x - this.middle[0]) * this.scale, this.size[1] / 2 - (y - this.middle[1]) * this.scale];
  }

  toData(px, py) {
    return [this.middle[0] + (px - this.size[0] / 2) / this.scale, this.middle[1] - (py - this.size[1] / 2) / this.scale].map(round);
  }

  at(index) {
    return [this.places[2 * index], this.places[2 * index + 1]];
  }

  draw() {
    if (!this.places.length || !this.canvas.clientWidth) return;
    this.size = [this.canvas.clientWidth, this.canvas.clientHeight];
    this.scale = Math.min(...this.extent.map((extent, i) => (this.size[i] - 2 * SCATTER_EDGE) / extent));
    const context = blank(this.canvas, ...this.size);
    const side = points.index.length > 2000 ? 3 : 5;
    points.index.forEach((index, row) => {
      if (state.hidden.has(points.label[row])) return;
      const [px, py] = this.toPixels(...this.at(index));
      context.fillStyle = colours[points.label[row]];
      context.globalAlpha = this.chosen ? (this.chosen.has(index) ? 1 : 0.08) : 0.72;
      context.fillRect(px - side / 2, py - side / 2, side, side);
    });
  }

  nearest(px, py, radius = Infinity) { // -> a test point's index, or -1
    let best = -1, least = radius * radius;
    points.index.forEach((index, row) => {
      if (state.hidden.has(points.label[row])) return;
      const [x, y] = this.toPixels(...this.at(index)), square = (x - px) ** 2 + (y - py) ** 2;
      if (square < least) [best, least] = [index, square];
    });
    return best;
  }
}
