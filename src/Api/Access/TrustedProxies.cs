using DeployHub.Hosting;
using Microsoft.AspNetCore.HttpOverrides;

namespace DeployHub.Api.Access;

/// <summary>Where requests come from, when a reverse proxy brings them: only the proxies that are named are believed.</summary>
internal static class TrustedProxies
{
    public static void Apply(ForwardedHeadersOptions options, HostSettings settings)
    {
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        options.ForwardedHeaders = settings.TrustedProxies.Count == 0 ? ForwardedHeaders.None : ForwardedHeaders.XForwardedFor;
        options.ForwardLimit = null;
        foreach (var network in settings.TrustedProxies)
        {
            options.KnownIPNetworks.Add(network);
        }
    }
}
