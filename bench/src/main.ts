const help = `usage: npm run bench -- <name> [options]

  rpc          server CPU per unary call, against a bare grpc-js server
                 --calls N  --rounds N  --concurrency N
  send         messages per second through gRPC, against the same puts made with the SDK
                 --seconds N  --rounds N  --callers N  --warm-up N  --storage memory|disk|both
  contention   units of the table per message, alone in a room and when servers compete for it
                 --sends N  --rooms N  --pause-ms N
  page         pages of 50 messages through the service, from the table and from the cache, against the raw query
                 --seconds N  --rounds N  --callers N  --warm-up N
  list-rooms   latency and requests to the table of the list of a user with many rooms
                 --rooms N  --messages N  --lists N
  consume      events per second through the typed consumer, against a kafkajs consumer that only counts
                 --events N  --rooms N  --rounds N
  e2e          delay from send to handler, against a put, a record and a consumer that nothing ties together
                 --per-second N  --seconds N  --rounds N  --rooms N
  burst        what the relay makes of many times the usual rate: lag, time to drain, whether all arrives in order
                 --usual N  --factor N  --seconds N  --around N  --rooms N  --writers N
  fanout       CPU per delivery of the gateway to many sockets of one room, against bare WebSocket sends of the same bytes
                 --sockets N,N  --ticks N  --rounds N
  abuse        delay of a room's entries beside sockets that do not read, flood, or send what is far too large
                 --sockets N  --abusers N  --entries N  --again-ms N
  flatten      records per second of the lake's handler, against parsing and printing alone; a day as JSON against Parquet
                 --records N  --rounds N  --no-sql  --rows N  --query-rounds N  (more: flatten --help)
  copy         items per second of a migration's copy, against bare BatchWrite calls of the same items
                 --messages N  --rounds N  --parallel N  --conversations FILE

bench/README.md says what each one measures. The last line that is printed holds the results as JSON; they are also
written to bench/results/<name>.json, or to the folder of --results, or nowhere if that is empty.
`;

const benches: Record<string, () => Promise<{ run(args: readonly string[]): Promise<void> }>> = {
  rpc: () => import("./rpc.ts"),
  send: () => import("./send.ts"),
  contention: () => import("./contention.ts"),
  page: () => import("./page.ts"),
  "list-rooms": () => import("./list-rooms.ts"),
  consume: () => import("./consume.ts"),
  e2e: () => import("./e2e.ts"),
  burst: () => import("./burst.ts"),
  fanout: () => import("./fanout.ts"),
  abuse: () => import("./abuse.ts"),
  flatten: () => import("./flatten.ts"),
  copy: () => import("./copy.ts"),
};

async function main([name, ...args]: readonly string[]): Promise<void> {
  const load = name === undefined ? undefined : benches[name];
  if (load !== undefined) return (await load()).run(args);
  const isQuestion = name === undefined || name === "--help" || name === "-h";
  process.stdout.write(isQuestion ? help : "");
  if (!isQuestion) throw new RangeError(`there is no bench "${name}":\n\n${help}`);
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  const expected = error instanceof RangeError || (error instanceof TypeError && "code" in error);
  process.stderr.write(`${expected ? error.message : (error as Error).stack}\n`);
  process.exitCode = 1;
});
