import { parseArgs } from "node:util";
import { allCases } from "./all-cases.ts";
import { runAll } from "./run-all.ts";
import { openWires } from "./wires.ts";

const help = `Asks a running server to do all that the contract promises, over gRPC, Connect JSON, Connect binary and gRPC-Web.

  MARU_TOKEN=… MARU_OTHER_TOKEN=… npm run conformance -- --grpc host:port --http http://host:port

  --grpc    where gRPC is served
  --tls     speak TLS there; authorities beside those that Node trusts are named by NODE_EXTRA_CA_CERTS
  --http    where Connect and gRPC-Web are served: an http: or https: URL
  --group   a kind of rooms that may be made (default group)
  --direct  a kind of rooms that FindOrCreateDirect may make (default direct)
  --only    of the cases only those whose names hold this text

MARU_TOKEN is the token of a service that may call everything, on behalf of users and of the system too, and
MARU_OTHER_TOKEN that of another such service: some things are kept from others.

It makes rooms, messages, jobs (an erasure of a user who never was, a round of retention, and a comparison of one room with
the topic, for which the server must know brokers) and one type of cards. It asks who is connected, for which the server must
know Redis.
They stay: run it against a deployment where that does not matter. On some limits it needs as many calls as they are high.

The last line is one JSON object. The exit code is 1 when a case failed, and 2 when nothing could be asked.`;

const { values } = parseArgs({
  options: {
    grpc: { type: "string" },
    tls: { type: "boolean", default: false },
    http: { type: "string" },
    group: { type: "string", default: "group" },
    direct: { type: "string", default: "direct" },
    only: { type: "string", default: "" },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (values.help) console.log(help);
else process.exitCode = await main();

async function main(): Promise<number> {
  const { MARU_TOKEN: token, MARU_OTHER_TOKEN: otherToken } = process.env;
  const { grpc, http } = values;
  const cases = allCases.filter(({ name }) => name.includes(values.only));
  const problem =
    grpc === undefined || http === undefined || !URL.canParse(http)
      ? "--grpc host:port and --http URL are needed"
      : token === undefined || otherToken === undefined
        ? "MARU_TOKEN and MARU_OTHER_TOKEN must be set"
        : cases.length === 0
          ? "no case has such a name"
          : undefined;
  if (problem !== undefined || !grpc || !http || !token || !otherToken) {
    console.error(`conformance: ${problem}; --help says more`);
    return 2;
  }
  const wires = openWires({ grpcAddress: grpc, grpcTls: values.tls, httpUrl: http });
  const callers = { token, otherToken, kinds: { group: values.group, direct: values.direct } };
  try {
    const { failures, ...report } = await runAll(cases, wires, callers, console.log);
    for (const { wire, name, message } of failures) console.log(`${wire}: ${name}\n    ${message}`);
    console.log(JSON.stringify({ ...report, failures }));
    return failures.length === 0 ? 0 : 1;
  } finally {
    for (const wire of wires) await wire.close();
  }
}
