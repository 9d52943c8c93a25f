import { checkBindings } from "./check-bindings.ts";
import { checkDelivery } from "./check-delivery.ts";
import { checkPermissions } from "./check-permissions.ts";
import { checkSchedule } from "./check-schedule.ts";
import { checkTables } from "./check-tables.ts";
import { checkWorkflow } from "./check-workflow.ts";
import type { Template } from "./template.ts";

/** A check of the packaged template. */
export interface TemplateCheck {
  readonly name: string;
  /** Says what is wrong; nothing when all is right. `codeActions`: see `callsOfParts`. */
  readonly run: (template: Template, codeActions: ReadonlyMap<string, readonly string[]>) => string[];
}

/** What other tools do not see. */
export const templateChecks: readonly TemplateCheck[] = [
  { name: "Firehose's prefixes", run: checkDelivery },
  { name: "tables: projection, its place, and what Firehose writes", run: checkTables },
  { name: "workflow: asl-validator, substitutions, ends", run: checkWorkflow },
  { name: "workflow: what each state reads is there", run: checkBindings },
  { name: "schedule, plan and delivery agree on a day", run: checkSchedule },
  { name: "roles grant what their parts call, and nothing more", run: checkPermissions },
];
