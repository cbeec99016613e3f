// Prints what is wrong with an AsyncAPI document, one thing a line: the errors and warnings that the parser has for it, and examples that do
// not fit the schema of their message, which the parser does not look at. Nothing where there is none.
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";
import Ajv from "ajv";
import addFormats from "ajv-formats";

const { document, diagnostics } = await new Parser().parse(await readFile(process.argv[2], "utf8"));
for (const { severity, path, message } of diagnostics.filter((found) => found.severity < 2)) {
  console.log(`${["error", "warning"][severity]} at ${path.join(".")}: ${message}`);
}
if (!document) {
  console.log("The document could not be read.");
}

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
for (const message of document?.allMessages().all() ?? []) {
  const examples = message.examples().all();
  if (examples.length === 0) {
    console.log(`${message.id()} has no example.`);
  }
  for (const example of examples) {
    for (const part of ["headers", "payload"].filter((part) => example[part]() !== undefined)) {
      const fits = ajv.compile(message[part]().json());
      if (!fits(example[part]())) {
        console.log(`the ${part} of the example of ${message.id()} do not fit: ${ajv.errorsText(fits.errors, { dataVar: part })}`);
      }
    }
  }
}
