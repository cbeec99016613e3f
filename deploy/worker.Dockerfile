# A Worker. `ops/images` publishes it into artifacts/worker and builds this.
FROM mcr.microsoft.com/dotnet/aspnet:10.0
# For the health check, and what the helper for config files is made from: it has to be static.
COPY --from=busybox:1.37-musl /bin/busybox /bin/busybox
COPY artifacts/worker /app
# The user that the base image has for applications, by number, so that a runtime can check that it is not root.
USER 1654:1654
WORKDIR /tmp
ENV ASPNETCORE_HTTP_PORTS=5080 DEPLOYHUB_DATA=/tmp/data DOTNET_EnableDiagnostics=0
# A step under way is handed back when it is told to stop.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
  CMD ["/bin/busybox", "sh", "-c", "/bin/busybox wget -q -O /dev/null http://127.0.0.1:$ASPNETCORE_HTTP_PORTS/health/ready"]
ENTRYPOINT ["dotnet", "/app/DeployHub.Worker.dll"]
