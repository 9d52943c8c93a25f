import type { DescService } from "@bufbuild/protobuf";
import { createServiceImplSpec, type MethodImplSpec, type ServiceImpl } from "@connectrpc/connect";
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
    const implemented = descriptor.localName in implementation;
    return spec !== undefined && implemented ? [{ method: { name, descriptor, access }, spec }] : [];
  });
  return { service, methods };
}
