import { join } from "node:path";

export const root = join(import.meta.dirname, "..");

/** Folders of the published packages, each after what it needs. They share one version. */
export const publishedPackages = ["protocol", "kafka", "client", "testing"] as const;
