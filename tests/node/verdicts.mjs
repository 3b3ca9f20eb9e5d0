// Reads JSON lines {schema, value} and writes, for each, true or false: what ajv says about the value.
// argv[2]: the folder with the schema documents, one file each.
import { readFileSync, readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "package.json"));
const Ajv2020 = require("ajv/dist/2020").default;
const addFormats = require("ajv-formats").default;

const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: false });
addFormats(ajv);
for (const file of readdirSync(process.argv[2]).filter((name) => name.endsWith(".json"))) {
  const schema = JSON.parse(readFileSync(join(process.argv[2], file), "utf8"));
  ajv.addSchema(schema, file.replace(/\.json$/, ""));
}
for await (const line of createInterface({ input: process.stdin })) {
  const { schema, value } = JSON.parse(line);
  process.stdout.write(`${ajv.getSchema(schema)(value)}\n`);
}
