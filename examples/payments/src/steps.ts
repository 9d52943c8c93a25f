/** Where the program may be killed, in order. */
export const steps = [
  "handler begun",
  "handler done",
  "transaction stored",
  "message shown",
  "card updated",
  "room told",
] as const;

export type Step = (typeof steps)[number];

/** Is told of each step as it is reached. */
export type AtStep = (step: Step) => void;
