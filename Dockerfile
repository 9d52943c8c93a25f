# The server with its roles: `docker build -t maru-server .`, then `docker run … maru-server serve` (docs/config.md).
FROM node:24.21.0-slim AS build
WORKDIR /maru
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml tsconfig.base.json ./
COPY packages packages
RUN npx --yes pnpm@12.21.0 install --frozen-lockfile --prod --ignore-scripts --filter "@maru/server..."

FROM node:24.21.0-slim
WORKDIR /maru
COPY --from=build /maru .
# The image has a user "node" without rights; nothing here is written to.
USER node
ENV NODE_ENV=production MARU_GRPC_ADDRESS=0.0.0.0:50051 MARU_HTTP_ADDRESS=0.0.0.0:8080
EXPOSE 50051 8080
HEALTHCHECK --interval=10s --timeout=3s CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# A larger young generation: less of what a call makes outlives it.
ENTRYPOINT ["node", "--max-semi-space-size=16", "--disable-warning=TimeoutNegativeWarning", "packages/server/src/main.ts"]
CMD ["serve"]
