import type { Push } from "./decide-pushes.ts";

/** Posts pushes as JSON. The header lets the endpoint drop repeats; any 2xx means that it has the push. */
export function deliverTo(endpoint: string, timeoutMs = 5_000): (push: Push) => Promise<void> {
  return async (push) => {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": push.pushId },
      body: JSON.stringify(push),
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`${endpoint} answered ${response.status}`);
  };
}
