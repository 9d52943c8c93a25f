// Writes one event of every type as bytes, and what they say as JSON, for the contract as it is now. Once for each version.
// usage: node packages/client/test/samples/write-samples.ts VERSION     for example: 0.2
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toBinary, toJson } from "@bufbuild/protobuf";
import { RoomEventSchema } from "@maru/protocol";
import { sampleEvents } from "./sample-events.ts";

const [version = ""] = process.argv.slice(2);
if (!/^\d+\.\d+$/.test(version)) {
  process.stderr.write("usage: node packages/client/test/samples/write-samples.ts VERSION     for example: 0.2\n");
  process.exit(2);
}
const folder = join(import.meta.dirname, `v${version}`);
if (existsSync(folder)) {
  process.stderr.write(`${folder} is there: what a version wrote is never written again\n`);
  process.exit(1);
}
const events = sampleEvents();
mkdirSync(folder);
for (const [name, event] of events) {
  writeFileSync(join(folder, `${name}.bin`), toBinary(RoomEventSchema, event));
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(toJson(RoomEventSchema, event), null, 2)}\n`);
}
process.stdout.write(`${events.size} samples in ${folder}\n`);
