using System;
using System.Linq;
using Starling.SystemTests.Lab;

namespace Starling.SystemTests.Torrents;

/// <summary>A theory over real clients; skipped where one of them, or network namespaces, are not to be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ClientsTheoryAttribute : TheoryAttribute
{
    public ClientsTheoryAttribute(params Client[] clients)
    {
        Client[] missing = [.. clients.Where(client => !ClientProcess.IsInstalled(client))];
        Skip = missing.Length > 0 ? $"{string.Join(", ", missing)} not installed (scripts/install-test-tools.sh installs them)"
            : LabNeeds.Missing("nft", "opentracker", "curl", "python3");
    }
}
