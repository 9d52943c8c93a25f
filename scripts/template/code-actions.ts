import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { resourcesOf, type Template, TemplateError } from "../../packages/analytics/src/template/template.ts";
import { root } from "../published.ts";

/** What a client's commands are called in policies. */
const services: Readonly<Record<string, string>> = {
  "@aws-sdk/client-dynamodb": "dynamodb",
  "@aws-sdk/client-dynamodb-streams": "dynamodb",
  "@aws-sdk/client-firehose": "firehose",
  "@aws-sdk/client-s3": "s3",
};

/** Commands whose action has another name. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  "s3:CopyObject": ["s3:GetObject", "s3:PutObject"],
  "s3:HeadObject": ["s3:GetObject"],
  "s3:ListObjectsV2": ["s3:ListBucket"],
};

/** Which actions of AWS the code of each function calls, by the function's name in the template. */
export async function codeActionsOf(template: Template): Promise<Map<string, readonly string[]>> {
  const functions = resourcesOf<{ Handler: string }>(template, "AWS::Lambda::Function");
  const entries = functions.map(async ([name, { Handler }]) => {
    const source = /^dist\/([\w-]+)\/index\.handler$/.exec(Handler)?.[1];
    if (source === undefined) throw new TemplateError(`${name}: its handler ${Handler} is no bundle of this package`);
    return [name, await actionsOf(join(root, `packages/analytics/src/functions/${source}.ts`))] as const;
  });
  return new Map(await Promise.all(entries));
}

/** The commands of AWS that the sources behind an entry file import. */
async function actionsOf(entry: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [entry],
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    loader: { ".sql": "text" },
    external: ["@aws-sdk/*"],
    logLevel: "silent",
  });
  const [output] = Object.values(metafile.outputs);
  const sources = Object.entries(output?.inputs ?? {}).filter(([file]) => !file.includes("node_modules/"));
  const used = sources.filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return [...new Set(used.flatMap(([file]) => actionsIn(readFileSync(join(root, file), "utf8"))))].sort();
}

function actionsIn(text: string): string[] {
  return [...text.matchAll(/import\s+\{([^}]*)\}\s+from\s+"(@aws-sdk\/client-[\w-]+)"/g)].flatMap(
    ([, names = "", client = ""]) => {
      const service = services[client];
      if (service === undefined) throw new TemplateError(`say in code-actions.ts what ${client} is called in policies`);
      return [...names.matchAll(/(?<!type\s)\b(\w+)Command\b/g)].flatMap(([, command = ""]) => {
        const action = `${service}:${command}`;
        return otherNames[action] ?? [action];
      });
    },
  );
}
