import { resourcesOf, type Template } from "./template.ts";

/** A delivery stream to S3. */
export interface DeliveryProperties {
  readonly ExtendedS3DestinationConfiguration: {
    readonly RoleARN: unknown;
    readonly BucketARN: unknown;
    readonly Prefix?: string;
    readonly ErrorOutputPrefix?: string;
    readonly CompressionFormat?: string;
    readonly CloudWatchLoggingOptions?: { readonly LogGroupName?: unknown };
    readonly BufferingHints?: { readonly IntervalInSeconds?: number };
  };
}

/** Firehose refuses prefixes that every linter lets through. */
export function checkDelivery(template: Template): string[] {
  const streams = resourcesOf<DeliveryProperties>(template, "AWS::KinesisFirehose::DeliveryStream");
  return streams.flatMap(([name, properties]) => {
    const { Prefix = "", ErrorOutputPrefix, CompressionFormat } = properties.ExtendedS3DestinationConfiguration;
    const problems: string[] = [];
    if (Prefix.includes("!{") && ErrorOutputPrefix === undefined)
      problems.push("its Prefix has expressions: it needs an ErrorOutputPrefix");
    if (ErrorOutputPrefix !== undefined) {
      if (!ErrorOutputPrefix.includes("!{firehose:error-output-type}"))
        problems.push("its ErrorOutputPrefix must contain !{firehose:error-output-type}");
      const place = Prefix.split("!{")[0]?.split("/")[0];
      if (ErrorOutputPrefix.split("/")[0] === place) problems.push(`its errors would be rows of ${place}/`);
    }
    for (const [expression] of `${Prefix}${ErrorOutputPrefix ?? ""}`.matchAll(/!\{[^}]*\}/g))
      if (!/^!\{(timestamp:[A-Za-z'-]+|firehose:(error-output-type|random-string))\}$/.test(expression))
        problems.push(`it does not know the expression ${expression}`);
    if (Prefix.includes("!{firehose:error-output-type}")) problems.push("error-output-type is for errors only");
    if (CompressionFormat !== "GZIP") problems.push("its CompressionFormat must be GZIP");
    return problems.map((problem) => `${name}: ${problem}`);
  });
}
