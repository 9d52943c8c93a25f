// The frames of the WebSocket gateway. Their names are short (Send, Error), so they have an entrance of their own.

export * from "./gen/maru/realtime/v1/frame_pb.js";
export * from "./gen/maru/realtime/v1/push_pb.js";
