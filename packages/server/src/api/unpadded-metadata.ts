import { Metadata } from "@grpc/grpc-js";

/** Metadata to be sent. grpc-js pads the base64 of binary values, and the protocol asks servers not to. */
export class UnpaddedMetadata extends Metadata {
  override clone(): UnpaddedMetadata {
    const copy = new UnpaddedMetadata(this.getOptions());
    copy.merge(this);
    return copy;
  }

  override toHttp2Headers(): ReturnType<Metadata["toHttp2Headers"]> {
    const headers = super.toHttp2Headers();
    for (const [key, value] of Object.entries(headers)) {
      if (!key.endsWith("-bin")) continue;
      headers[key] = Array.isArray(value) ? value.map(withoutPadding) : withoutPadding(String(value));
    }
    return headers;
  }
}

function withoutPadding(base64: string): string {
  return base64.replace(/=+$/, "");
}
