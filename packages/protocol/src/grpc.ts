// Standard services of gRPC that the server offers beside Maru's own.
export * from "./gen/grpc/health/v1/health_pb.js";
export * from "./gen/grpc/reflection/v1/reflection_pb.js";
