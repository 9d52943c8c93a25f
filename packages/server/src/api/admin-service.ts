import type { ServiceImpl } from "@connectrpc/connect";
import type { AdminService } from "@maru/protocol";
import { exportRoom } from "../domain/admin/export-room.ts";
import {
  type AdminDomain,
  eraseUser,
  getJob,
  listJobs,
  runReconcile,
  runRetention,
} from "../domain/admin/start-job.ts";
import { verifyRoom } from "../domain/admin/verify-room.ts";
import { verifyRooms } from "../domain/admin/verify-rooms.ts";
import { whereIs } from "../domain/admin/where-is.ts";
import { callOf } from "./service-call.ts";

export function adminService(domain: AdminDomain): ServiceImpl<typeof AdminService> {
  return {
    eraseUser: async (request, context) => ({ job: await eraseUser(domain, callOf(context), request) }),
    runRetention: async (request, context) => ({ job: await runRetention(domain, callOf(context), request) }),
    runReconcile: async (request, context) => ({ job: await runReconcile(domain, callOf(context), request) }),
    whereIs: (request, context) => whereIs(domain, callOf(context), request),
    getJob: async (request) => ({ job: await getJob(domain, request) }),
    listJobs: (request) => listJobs(domain, request),
    exportRoom: (request, context) => exportRoom(domain, callOf(context), request),
    verifyRoom: async ({ roomId }, context) => ({ report: await verifyRoom(domain, callOf(context), roomId) }),
    verifyRooms: (request, context) => verifyRooms(domain, callOf(context), request),
  };
}
