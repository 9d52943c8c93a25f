import type { DescService } from "@bufbuild/protobuf";
import { createServiceImplSpec, type MethodImplSpec, type ServiceImpl } from "@connectrpc/connect";
import { requestReader } from "./request-reader.ts";
import type { Access, ServedMethod } from "./service-call.ts";

export interface ServedImplementation {
  readonly method: ServedMethod;
  readonly spec: MethodImplSpec;
}

/** A service and what answers its calls. */
export interface ServiceRegistration {
  readonly service: DescService;
  readonly methods: readonly ServedImplementation[];
}

const administrativeCalls = /^maru\.chat\.v1\.(AdminService\/|CardService\/Register)/;

/** Methods without an implementation answer METHOD_UNKNOWN. */
export function serveService<Service extends DescService>(
  service: Service,
  implementation: Partial<ServiceImpl<Service>>,
  access: Access = "services",
): ServiceRegistration {
  const specs = createServiceImplSpec(service, implementation).methods;
  const methods = service.methods.flatMap((descriptor) => {
    const spec = specs[descriptor.localName];
    const name = `${service.typeName}/${descriptor.name}`;
    if (spec === undefined || !(descriptor.localName in implementation)) return [];
    const administrative = administrativeCalls.test(name);
    return [{ method: { name, descriptor, access, administrative, reader: requestReader(descriptor) }, spec }];
  });
  return { service, methods };
}
