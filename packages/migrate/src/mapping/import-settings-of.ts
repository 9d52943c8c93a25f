import type { ImportSettings } from "../room-log/import-settings.ts";
import type { Mapping } from "./mapping.ts";

/** The service whose name imported entries carry. */
export const importCaller = "maru-migrate";

export function importSettingsOf({ target }: Mapping): ImportSettings {
  return {
    source: target.source,
    caller: importCaller,
    defaultKind: target.default_kind,
    directKinds: target.direct_kinds,
    adminRoles: target.admin_roles,
    roomIdPrefix: target.room_id_prefix,
    userIdPrefix: target.user_id_prefix,
  };
}
