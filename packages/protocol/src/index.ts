// The contracts. Their comments are the reference.

export * from "./gen/google/rpc/error_details_pb.js";
export * from "./gen/google/rpc/status_pb.js";
export * from "./gen/maru/chat/v1/actor_pb.js";
export * from "./gen/maru/chat/v1/admin_service_pb.js";
export * from "./gen/maru/chat/v1/card_service_pb.js";
export * from "./gen/maru/chat/v1/content_pb.js";
export * from "./gen/maru/chat/v1/entry_pb.js";
export * from "./gen/maru/chat/v1/error_reason_pb.js";
export * from "./gen/maru/chat/v1/event_service_pb.js";
export * from "./gen/maru/chat/v1/job_pb.js";
export * from "./gen/maru/chat/v1/message_pb.js";
export * from "./gen/maru/chat/v1/message_service_pb.js";
export * from "./gen/maru/chat/v1/presence_service_pb.js";
export * from "./gen/maru/chat/v1/read_service_pb.js";
export * from "./gen/maru/chat/v1/room_pb.js";
export * from "./gen/maru/chat/v1/room_service_pb.js";
export * from "./gen/maru/chat/v1/unread_count_pb.js";
export * from "./gen/maru/events/v1/dead_letter_pb.js";
export * from "./gen/maru/events/v1/read_marker_event_pb.js";
export * from "./gen/maru/events/v1/room_event_pb.js";
export * from "./reasons.ts";
export * from "./topics.ts";
