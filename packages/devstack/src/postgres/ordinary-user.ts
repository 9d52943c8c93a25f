import { chmod, chown } from "node:fs/promises";
import { runTool } from "../engines/tools.ts";
import { MissingToolError } from "../errors.ts";

/** A command and its arguments. */
export type Command = readonly [command: string, args: string[]];

/** How to run what refuses to run as root. */
export interface OrdinaryUser {
  as(command: string, args: string[]): Command;
  /** Makes a folder the user's own, and lets the user reach it through the stack's folder. */
  give(folder: string, through: string): Promise<void>;
}

/** This program's own user; where that is root, `postgres` or `nobody`. */
export async function ordinaryUser(env: NodeJS.ProcessEnv): Promise<OrdinaryUser> {
  if (process.getuid?.() !== 0) return { as: (command, args) => [command, args], give: async () => {} };
  const [uid, gid] = (await idsOf("postgres", env)) ?? (await idsOf("nobody", env)) ?? [];
  if (uid === undefined || gid === undefined || (await runTool("setpriv", ["--version"], { env })) === undefined) {
    throw new MissingToolError(
      "PostgreSQL refuses to run as root: start this as an ordinary user, or install `setpriv` (util-linux) and have a user `nobody`.",
    );
  }
  const become = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--"];
  return {
    as: (command, args) => ["setpriv", [...become, command, ...args]],
    async give(folder, through) {
      await chmod(through, 0o711);
      await chown(folder, uid, gid);
    },
  };
}

async function idsOf(name: string, env: NodeJS.ProcessEnv): Promise<[uid: number, gid: number] | undefined> {
  const [user, group] = [await runTool("id", ["-u", name], { env }), await runTool("id", ["-g", name], { env })];
  if (user?.code !== 0 || group?.code !== 0) return undefined;
  return [Number(user.output), Number(group.output)];
}
