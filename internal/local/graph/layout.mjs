// Reads a graph in Graphviz's language from standard input and writes SVG. The argument is
// the folder of modules.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const { instance } = createRequire(process.argv.at(-1) + "/")("@viz-js/viz");
const viz = await instance();
process.stdout.write(viz.renderString(readFileSync(0, "utf8"), { format: "svg", engine: "dot" }));
