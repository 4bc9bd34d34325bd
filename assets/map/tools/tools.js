// The map's tools, in the order of the strip.
import { axes } from "./axes/axes.js";
import { compare } from "./compare/compare.js";
import { direction } from "./direction/direction.js";
import { draw } from "./draw/draw.js";
import { history } from "./history/history.js";
import { lattice } from "./lattice/lattice.js";
import { point } from "./point/point.js";
import { sample } from "./sample/sample.js";
import { select } from "./select/select.js";
import { trust } from "./trust/trust.js";
import { walk } from "./walk/walk.js";

/** @type {import("../hooks.js").Tool[]} */
export const TOOLS = [point, lattice, trust, walk, sample, draw, axes, direction, select, compare, history];
