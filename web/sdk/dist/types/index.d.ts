export { install as installCompat, type CompatOptions } from "./compat.js";
