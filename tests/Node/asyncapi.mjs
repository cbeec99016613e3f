// Prints the errors and warnings that the AsyncAPI parser has for a document, one a line; nothing where there is none.
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(await readFile(process.argv[2], "utf8"));
for (const { severity, path, message } of diagnostics.filter((found) => found.severity < 2)) {
  console.log(`${["error", "warning"][severity]} at ${path.join(".")}: ${message}`);
}
if (!document) {
  console.log("The document could not be read.");
}
