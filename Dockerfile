# npm 10: newer ones refuse a lockfile that leaves out the optional packages of other systems.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY config ./config
COPY commands ./commands
COPY jobs ./jobs
COPY src ./src
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
# All of it is root's, so the program cannot change itself.
COPY --from=build --chown=root:root /app/node_modules ./node_modules
COPY --from=build --chown=root:root /app/dist ./dist
# Only for `database.dir: /var/lib/steward` (PGlite). With PostgreSQL nothing is written anywhere.
RUN install -d -o node -g node -m 700 /var/lib/steward
USER node
EXPOSE 8420
# No HEALTHCHECK here: what is healthy differs between web and worker. docker-compose.yml has one for each.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/dist/src/cli.js"]
CMD ["serve", "--role", "all", "--config", "/etc/steward/steward.yaml"]
