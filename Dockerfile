FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build --chown=root:root /app/node_modules ./node_modules
COPY --from=build --chown=root:root /app/dist ./dist
# No shell scripts, no sources, no write access: only /var/lib/steward is the program's own.
RUN install -d -o node -g node /var/lib/steward
USER node
VOLUME /var/lib/steward
EXPOSE 8420
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["node", "dist/src/cli.js", "health"]
ENTRYPOINT ["node", "dist/src/cli.js"]
CMD ["serve", "--role", "all", "--config", "/etc/steward/steward.yaml"]
