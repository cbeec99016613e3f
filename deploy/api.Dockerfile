# The Api. `ops/images` publishes it into artifacts/api and builds this.
FROM mcr.microsoft.com/dotnet/aspnet:10.0
COPY --from=busybox:1.37-musl /bin/busybox /bin/busybox
COPY artifacts/api /app
# The user that the base image has for applications, by number, so that a runtime can check that it is not root.
USER 1654:1654
WORKDIR /tmp
ENV ASPNETCORE_HTTP_PORTS=5080 DEPLOYHUB_DATA=/tmp/data DOTNET_EnableDiagnostics=0
EXPOSE 5080
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
  CMD ["/bin/busybox", "sh", "-c", "/bin/busybox wget -q -O /dev/null http://127.0.0.1:$ASPNETCORE_HTTP_PORTS/health/ready"]
ENTRYPOINT ["dotnet", "/app/DeployHub.Api.dll"]
