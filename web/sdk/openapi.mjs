// Writes the TypeScript types of the API's document, of the operations that the SDK uses
// and the bodies they name: node openapi.mjs openapi.json

import { readFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const used = /^\/api\/v1\/voip\/(calls|rooms|messages)(\/|$)/;
const kept = { paths: {}, schemas: {} };
const document = JSON.parse(readFileSync(process.argv[2], "utf8"));

const refer = (value) => {
  if (typeof value !== "object" || value === null) return;
  const name = /^#\/components\/schemas\/(.+)$/.exec(value.$ref ?? "")?.[1];
  if (name && !kept.schemas[name]) {
    kept.schemas[name] = document.components.schemas[name];
    refer(kept.schemas[name]);
  }
  Object.values(value).forEach(refer);
};

for (const [path, item] of Object.entries(document.paths)) {
  if (!used.test(path)) continue;
  kept.paths[path] = item;
  refer(item);
}
// Sorted, so that the order in which a server registers its routes changes nothing.
const sorted = (value) => Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
const types = await openapiTS({
  openapi: document.openapi,
  info: document.info,
  paths: sorted(kept.paths),
  components: { schemas: sorted(kept.schemas) },
});
process.stdout.write(`// Generated from the server's OpenAPI document by make sdk; do not edit.\n\n${astToString(types)}`);
