// Does what it is told, in Lambda's way: a function whose faults a test can choose.
if (process.env.AT_START === "hang") for (;;);
if (process.env.AT_START === "throw") throw new RangeError("not with these settings");
if (process.env.AT_START === "exit") process.exit(3);

export async function handler({ echo, doThis }, context) {
  if (doThis === "throw") throw new RangeError("told to");
  if (doThis === "exit") process.exit(4);
  if (doThis === "hang") await new Promise(() => setInterval(() => {}, 1_000));
  return { echo, pid: process.pid, remainingMs: context.getRemainingTimeInMillis() };
}
