// What there is to see, as plain data: a room with a lamp at its ceiling, which goes on behind the camera.
// x goes to the right, y up, z towards the camera.
import { plane, pyramid, quad } from './solids.mjs';

const LEFT = -3.2;
const RIGHT = 3.2;
const TOP = 3.6;
const BACK = -3;

/** Where one looks from, along -z, and how much of what is at distance 1 is in the picture, from top to bottom. */
export const CAMERA = { x: 0, y: 1.8, z: 9.4, view: 0.558 };

/** The light that comes in from behind. */
export const SKY = { r: 0.22, g: 0.26, b: 0.32 };

/** By index: what shapes are made of. */
export const MATERIALS = [
  material('light', 15, 13, 10),
  material('matte', 0.8, 0.78, 0.74),
  material('matte', 0.78, 0.75, 0.7, 0.8),
  material('matte', 0.76, 0.2, 0.1),
  material('matte', 0.08, 0.38, 0.46),
  material('mirror', 0.95, 0.95, 0.96),
  material('glass', 0.98, 1, 0.99),
  material('mirror', 0.95, 0.68, 0.28),
  material('matte', 0.9, 0.6, 0.08),
  material('matte', 0.4, 0.2, 0.6),
];
const [LIGHT, PLASTER, TILES, RED, BLUE, MIRROR, GLASS, GOLD, YELLOW, VIOLET] = MATERIALS.keys();

/** It shines downwards. */
export const LAMP = { x: -1.1, y: TOP - 0.01, z: -1, width: 2.2, depth: 1.6, ...MATERIALS[LIGHT] };

/** Centre and radius. */
export const SPHERES = [
  { ball: [-1.75, 1.05, -1.2, 1.05], material: MIRROR },
  { ball: [1.45, 0.8, 0.9, 0.8], material: GLASS },
  { ball: [-0.55, 0.36, 1.6, 0.36], material: YELLOW },
  { ball: [2.5, 0.5, -1.9, 0.5], material: VIOLET },
  { ball: [-2.3, 0.28, 1.1, 0.28], material: BLUE },
];

/** The room. */
export const PLANES = [
  { plane: plane([0, 1, 0], [0, 0, 0]), material: TILES },
  { plane: plane([0, -1, 0], [0, TOP, 0]), material: PLASTER },
  { plane: plane([0, 0, 1], [0, 0, BACK]), material: PLASTER },
  { plane: plane([1, 0, 0], [LEFT, 0, 0]), material: RED },
  { plane: plane([-1, 0, 0], [RIGHT, 0, 0]), material: BLUE },
];

export const QUADS = [{ ...quad([LAMP.x, LAMP.y, LAMP.z], [LAMP.width, 0, 0], [0, 0, LAMP.depth]), material: LIGHT }];

export const TRIANGLES = pyramid([0.35, 0, -1], 1, 1.5, 0.35).map((side) => ({ ...side, material: GOLD }));

/** What share of red, green and blue it sends on, or sends; and the size of the squares of a chequered one. */
function material(kind, r, g, b, check = 0) {
  return { kind, r, g, b, check };
}
