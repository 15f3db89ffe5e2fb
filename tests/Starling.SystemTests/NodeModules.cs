using System;
using System.IO;

namespace Starling.SystemTests;

/// <summary>A test that needs an npm package; skipped where it is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NodeFactAttribute : FactAttribute
{
    public NodeFactAttribute(string package) =>
        Skip = NodeModules.Has(package) ? null : $"{package} for Node.js is not installed (scripts/install-test-tools.sh installs it)";
}

/// <summary>The npm packages that scripts/install-test-tools.sh installs, for Node.js.</summary>
internal static class NodeModules
{
    /// <summary>The folder above <c>node_modules</c>; null: they are not installed.</summary>
    public static string? Folder { get; } = Find();

    /// <summary>Whether a package is there, and a Node.js to run it.</summary>
    public static bool Has(string package) => Folder is { } folder && Directory.Exists(Path.Combine(folder, "node_modules", package)) && NetworkLab.Try("node", "--version");

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("STARLING_NODE_TOOLS") is { Length: > 0 } named)
        {
            return named;
        }

        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string tools = Path.Combine(folder.FullName, ".build", "node");
            if (Directory.Exists(Path.Combine(tools, "node_modules")))
            {
                return tools;
            }
        }

        return null;
    }
}
