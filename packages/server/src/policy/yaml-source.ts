import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";

/** A value of a YAML text, with the place to complain of. */
export interface YamlValue {
  /** `services.orders.rate` */
  readonly path: string;
  readonly line: number;
  readonly node: Node | undefined;
}

export interface Problem {
  readonly line: number;
  readonly message: string;
}

/** Reads values out of a YAML text, and collects what is wrong instead of stopping at it. */
export class YamlSource {
  readonly problems: Problem[] = [];
  readonly root: YamlValue;
  readonly #lines = new LineCounter();
  readonly #document;

  constructor(text: string) {
    this.#document = parseDocument(text, { lineCounter: this.#lines, stringKeys: true, prettyErrors: false });
    for (const { pos, message } of [...this.#document.errors, ...this.#document.warnings]) {
      this.problems.push({ line: this.#lines.linePos(pos[0]).line, message: `is not good YAML: ${message}` });
    }
    this.root = this.#value("", this.#document.contents, 1);
  }

  complain({ line, path }: Pick<YamlValue, "line" | "path">, sentence: string): undefined {
    this.problems.push({ line, message: path === "" ? sentence : `${path} ${sentence}` });
    return undefined;
  }

  /** The values of a map by name, in their order. */
  entries(value: YamlValue): [name: string, value: YamlValue][] {
    if (!isMap(value.node)) {
      this.complain(value, `must be a map, not ${this.#shown(value)}`);
      return [];
    }
    return value.node.items.flatMap((pair): [string, YamlValue][] => {
      const key = pair.key as Node | null;
      const name = isScalar(key) ? String(key.value) : "";
      const { line } = this.#value("", key, value.line);
      const path = value.path === "" ? name : `${value.path}.${name}`;
      return [[name, { ...this.#value(path, pair.value as Node | null, line), line }]];
    });
  }

  /** The values of a map whose names are known; others are complained of. */
  fields<const Name extends string>(value: YamlValue, names: readonly Name[]): { readonly [N in Name]?: YamlValue } {
    const fields: { [N in Name]?: YamlValue } = {};
    for (const [name, field] of this.entries(value)) {
      const known = names.find((one) => one === name);
      if (known === undefined) this.complain(field, `is not known here; known are ${names.join(", ")}`);
      else fields[known] = field;
    }
    return fields;
  }

  items(value: YamlValue): YamlValue[] {
    if (!isSeq(value.node)) {
      this.complain(value, `must be a list, not ${this.#shown(value)}`);
      return [];
    }
    return value.node.items.map((item) => this.#value(value.path, item as Node | null, value.line));
  }

  /** A text, a number or a truth value; undefined for anything else. */
  scalar({ node }: YamlValue): unknown {
    return isScalar(node) ? node.value : undefined;
  }

  text(value: YamlValue): string | undefined {
    const text = this.scalar(value);
    return typeof text === "string" && text !== ""
      ? text
      : this.complain(value, `must be a text, not ${this.#shown(value)}`);
  }

  /** A list of texts, without those that are none. */
  texts(value: YamlValue): { readonly text: string; readonly value: YamlValue }[] {
    return this.items(value).flatMap((one) => {
      const text = this.text(one);
      return text === undefined ? [] : [{ text, value: one }];
    });
  }

  truth(value: YamlValue): boolean | undefined {
    const truth = this.scalar(value);
    return typeof truth === "boolean"
      ? truth
      : this.complain(value, `must be true or false, not ${this.#shown(value)}`);
  }

  number(value: YamlValue, what: string, isGood: (number: number) => boolean): number | undefined {
    const number = this.scalar(value);
    return typeof number === "number" && isGood(number)
      ? number
      : this.complain(value, `must be ${what}, not ${this.#shown(value)}`);
  }

  oneOf<const Choice extends string>(value: YamlValue, choices: readonly Choice[]): Choice | undefined {
    const text = this.scalar(value);
    return (
      choices.find((one) => one === text) ??
      this.complain(value, `must be one of ${choices.join(", ")}, not ${this.#shown(value)}`)
    );
  }

  #value(path: string, given: Node | null, lineOfKey: number): YamlValue {
    const line = given?.range ? this.#lines.linePos(given.range[0]).line : lineOfKey;
    return { path, line, node: isAlias(given) ? given.resolve(this.#document) : (given ?? undefined) };
  }

  #shown({ node }: YamlValue): string {
    if (isMap(node)) return "a map";
    if (isSeq(node)) return "a list";
    const value = isScalar(node) ? node.value : null;
    return value === null ? "nothing" : (JSON.stringify(value)?.slice(0, 80) ?? "nothing");
  }
}
