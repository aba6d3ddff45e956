// Holds texts to one part of an SMS in the GSM 7-bit alphabet.
//
// Reads a list of {name, text} from the file named by the first argument, and finds the
// calculator in the folder of Node modules named by the second. Prints a line for each
// text that is refused, and exits with 1 if there is any. A part takes 160 septets here;
// SNS allows 140 characters, to which the channel's own tests hold them.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [, , file, modules] = process.argv;
const { SegmentedMessage } = createRequire(join(modules, "x"))("sms-segments-calculator");

const texts = JSON.parse(readFileSync(file, "utf8"));
let refused = 0;
for (const { name, text } of texts) {
  const message = new SegmentedMessage(text);
  if (message.segmentsCount !== 1 || message.getEncodingName() !== "GSM-7" || message.warnings.length > 0) {
    refused++;
    const characters = message.getNonGsmCharacters().join(" ");
    console.log(`${name}: ${message.segmentsCount} parts in ${message.getEncodingName()} (${characters}): ${text.slice(0, 300)}`);
  }
}
console.log(`${texts.length} texts, ${refused} refused`);
process.exit(refused ? 1 : 0);
