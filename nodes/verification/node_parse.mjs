// Parses each file as Node would run it, types left out, and prints what is wrong. Runs none: `node --check` passes broken TypeScript.
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { Script, SourceTextModule } from "node:vm";

for (const file of process.argv.slice(2)) {
  try {
    const text = readFileSync(file, "utf8");
    parse(file, /\.m?ts$/.test(file) ? stripTypeScriptTypes(text) : text);
  } catch (error) {
    console.log(`=== ${file}\n${error.stack}`);
  }
}

function parse(file, code) {
  if (file.endsWith(".cjs")) return void new Script(code, { filename: file });
  try {
    new SourceTextModule(code, { identifier: file });
  } catch (error) {
    if (!file.endsWith(".js")) throw error;
    new Script(code, { filename: file }); // a page may take it as a plain script
  }
}
