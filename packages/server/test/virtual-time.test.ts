import { expect, it } from "vitest";
import { createDice } from "./model/dice.ts";
import { createVirtualTime, type VirtualProcess } from "./simulation/virtual-time.ts";

it("a timer that came due while its machine stood still can be cancelled by what runs before it", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const time = createVirtualTime(createDice(seed), 0, () => {});
    const machine: VirtualProcess = { name: "machine", state: "running" };
    const fired: string[] = [];
    time.within(machine, () => {
      const one = time.setTimer(() => fire("one", other), 10);
      const other = time.setTimer(() => fire("other", one), 10);
    });
    function fire(name: string, rival: ReturnType<typeof time.setTimer>): void {
      fired.push(name);
      time.clearTimer(rival);
    }
    machine.state = "frozen";
    const slept = time.sleep(20).then(() => time.thaw(machine));
    await time.run(
      slept.then(() => time.sleep(1)),
      100,
    );
    expect(fired).toHaveLength(1);
  }
});
