import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { CallOptions } from "@connectrpc/connect";
import { Code } from "@connectrpc/connect";
import { ErrorReason } from "@maru/protocol";
import { MaruError } from "./errors.ts";
import { methodOf } from "./method-call.ts";

/** A method that answers in pages: it has a page_token in its request and a next_page_token in its response. */
export type PagedCall<Request, Response> = (request: Request, options?: CallOptions) => Promise<Response>;

/** The item type of a page: that of the response's repeated message field. */
export type PageItem<Response> = {
  [F in keyof Response]-?: Response[F] extends readonly (infer Item extends Message)[] ? Item : never;
}[keyof Response];

/**
 * Goes over all items of a list, page after page; the next page is fetched when the loop asks for it. Leaving the loop
 * ends it. Rejects as the call does; `timeoutMs` holds for each page, `signal` for the whole.
 *
 * @example
 * for await (const entry of paginate(maru.messages.list, { roomId, after: 41, pageSize: 200 })) console.log(entry.seq);
 */
export async function* paginate<Request extends object, Response extends { readonly nextPageToken: string }>(
  call: PagedCall<Request, Response>,
  request: Request & { pageToken?: string },
  options: CallOptions = {},
): AsyncGenerator<PageItem<Response>, void, undefined> {
  const field = itemField(methodOf(call));
  let pageToken = request.pageToken ?? "";
  do {
    const page = await call({ ...request, pageToken }, options);
    for (const item of Reflect.get(page, field) as PageItem<Response>[]) {
      if (options.signal?.aborted) throw aborted(options.signal);
      yield item;
    }
    if (page.nextPageToken !== "" && page.nextPageToken === pageToken) throw stuck();
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}

function itemField(method: DescMethod | undefined): string {
  if (method === undefined)
    throw new TypeError("paginate: give a method of the client itself, maru.messages.list for example");
  const lists = method.output.fields.filter((field) => field.fieldKind === "list" && field.listKind === "message");
  const [items, ...more] = lists;
  if (items === undefined || more.length > 0 || !method.output.field.nextPageToken) {
    throw new TypeError(`paginate: ${method.name} does not answer in pages`);
  }
  return items.localName;
}

function aborted(signal: AbortSignal): MaruError {
  const message = "[CANCELLED] the caller aborted the call";
  return new MaruError({ message, reason: ErrorReason.CANCELLED, code: Code.Canceled, cause: signal.reason });
}

function stuck(): MaruError {
  const message = "[INTERNAL] the server answered with the page token that it was asked with";
  return new MaruError({ message, reason: ErrorReason.UNSPECIFIED, code: Code.Internal });
}
