import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { EngineContext } from "../engine-context.ts";
import { requireTool } from "../engines/tools.ts";
import { freePorts } from "../free-ports.ts";
import { engineNode, type NodeHandle, startTogether } from "../processes/engine-node.ts";
import { acceptsSessions } from "./accepts-sessions.ts";
import { findPostgres, POSTGRES_MISSING } from "./find-postgres.ts";
import { ordinaryUser } from "./ordinary-user.ts";

export interface RunningPostgres {
  url: string;
  node: NodeHandle;
}

const SUPERUSER = "maru";

/** Starts the PostgreSQL of this machine with a data folder of its own, for one who is trusted on loopback. */
export async function startPostgres(context: EngineContext, options: { persist: boolean }): Promise<RunningPostgres> {
  const env = await context.prepare(async (deps) => deps.env);
  const bin = await findPostgres(env);
  const user = await ordinaryUser(env);
  const folder = join(context.folder, "postgres");
  const data = join(folder, "data");
  await mkdir(folder, { recursive: true });
  await user.give(folder, context.folder);
  const isNew = await access(join(data, "PG_VERSION")).then(
    () => false,
    () => true,
  );
  if (isNew) {
    const settings = ["--auth=trust", `--username=${SUPERUSER}`, "--encoding=UTF8", "--locale=C", "--no-sync"];
    const [initdb, args] = user.as(join(bin, "initdb"), ["-D", data, ...settings]);
    const purpose = "Making a folder for PostgreSQL's data";
    await requireTool(initdb, args, { env, cwd: folder, missing: POSTGRES_MISSING, purpose });
  }
  const [port = 0] = await freePorts(1);
  const [command, args] = user.as(join(bin, "postgres"), ["-D", data, ...postgresSettings(port, options.persist)]);
  const node = engineNode(context.supervisor, {
    id: 1,
    name: "postgres",
    address: `127.0.0.1:${port}`,
    command,
    args,
    cwd: folder,
    logFile: join(folder, "postgres.log"),
    // Killed, it would leave a piece of shared memory in the system; SIGTERM waits for everybody who is connected.
    endSignal: "SIGINT",
    isHealthy: () => acceptsSessions(port, SUPERUSER),
  });
  await startTogether([node]);
  return { url: `postgres://${SUPERUSER}@127.0.0.1:${port}/postgres`, node };
}

function postgresSettings(port: number, persist: boolean): string[] {
  const settings: Record<string, string> = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    max_connections: "200",
    // So that logical replication can be tried.
    wal_level: "logical",
    fsync: persist ? "on" : "off",
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
