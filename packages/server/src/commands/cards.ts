import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { fromBinary, toBinary, toJsonString } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, timestampDate } from "@bufbuild/protobuf/wkt";
import { type Client, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, CardService, type CardType, CardTypeSchema } from "@maru/protocol";
import { ConfigError } from "../config.ts";
import { connectServer } from "./connect-server.ts";

export const cardsHelp = `usage: maru-server cards <command> [options]

  add --descriptors FILE   register types of cards, or newer descriptors of types that are registered: all, or none.
      --type T [--type T]  FILE is what "buf build -o FILE.binpb" writes, T the full name of a message in it, for example
                           acme.payments.v1.PaymentRequest. The service that the token names owns new types. A change
                           that older readers would stumble over is refused, by the rules WIRE_JSON of "buf breaking"
  list                     list the types that are registered
  show --type T            show a type, and write its descriptors to a file
       [--out FILE]

  --address URL            HTTP address of a server (default http://127.0.0.1:8080)
  --token TOKEN            the token of the calling service (default: MARU_TOKEN, which other users of the machine do not see)
  --json                   one JSON object a line in place of text
  --help

It exits with 1 when the server refuses, and says why.
`;

const options = {
  descriptors: { type: "string" },
  type: { type: "string", multiple: true, default: [] as string[] },
  out: { type: "string" },
  address: { type: "string", default: "http://127.0.0.1:8080" },
  token: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

type Values = ReturnType<typeof parse>["values"];

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], allowPositionals: true, options });
}

/** Runs a command about types of cards against a server. `token` is used where the options name none. */
export async function cards(args: readonly string[], token: string | undefined): Promise<void> {
  const { values, positionals } = parse(args);
  const command = positionals[0];
  if (values.help || command === undefined) return void process.stdout.write(cardsHelp);
  const run = commands[command];
  if (run === undefined) throw wrongUse(`${command} is not a command`);
  const proof = values.token ?? token;
  if (!proof) throw wrongUse("--token or MARU_TOKEN must hold the token of the calling service");
  try {
    await run(connectServer(CardService, values.address, proof), values);
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    process.stderr.write(`${refusalText(error)}\n`);
    process.exitCode = 1;
  }
}

type CardClient = Client<typeof CardService>;

const commands: Readonly<Record<string, (client: CardClient, values: Values) => Promise<void>>> = { add, list, show };

async function add(client: CardClient, values: Values): Promise<void> {
  if (values.type.length === 0) throw wrongUse("add needs --type T");
  const descriptorSet = await readDescriptors(values.descriptors);
  const { cardTypes } = await client.registerCardTypes({ descriptorSet, types: [...values.type] });
  for (const cardType of cardTypes) print(cardType, values);
}

async function list(client: CardClient, values: Values): Promise<void> {
  let pageToken = "";
  do {
    const page = await client.listCardTypes({ pageToken });
    for (const cardType of page.cardTypes) print(cardType, values);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}

async function show(client: CardClient, values: Values): Promise<void> {
  const [type, ...others] = values.type;
  if (type === undefined || others.length > 0) throw wrongUse("show needs one --type T");
  const { cardType, descriptorSet } = await client.getCardType({ type });
  if (cardType === undefined) throw new Error("the server answered without a type");
  print(cardType, values);
  if (values.out !== undefined) await writeFile(values.out, descriptorSet);
}

/** Without comments: they are most of a set, the server keeps none, and a request has a limit. */
async function readDescriptors(file: string | undefined): Promise<Uint8Array> {
  if (file === undefined) throw wrongUse("add needs --descriptors FILE");
  const bytes = await readFile(file).catch((error: Error) => {
    throw wrongUse(error.message);
  });
  try {
    const set = fromBinary(FileDescriptorSetSchema, bytes);
    for (const one of set.file) one.sourceCodeInfo = undefined;
    return toBinary(FileDescriptorSetSchema, set);
  } catch {
    throw wrongUse(`${file} is no descriptor set in binary form, as "buf build -o FILE.binpb" writes it`);
  }
}

function print(cardType: CardType, { json }: Values): void {
  const { type, owner, revision, registeredAt } = cardType;
  const at = registeredAt === undefined ? "" : timestampDate(registeredAt).toISOString();
  const line = json ? toJsonString(CardTypeSchema, cardType) : `${type}  revision ${revision}  of ${owner}  ${at}`;
  process.stdout.write(`${line}\n`);
}

function refusalText(error: ConnectError): string {
  const violations = error.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations);
  return [error.rawMessage, ...violations.map(({ description }) => `  - ${description}`)].join("\n");
}

function wrongUse(problem: string): ConfigError {
  return new ConfigError([`${problem}: see maru-server cards --help`]);
}
