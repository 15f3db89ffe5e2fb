using System;
using System.IO;
using System.Linq;

namespace Starling.SystemTests.Lab;

/// <summary>A test in network namespaces of its own, with programs of others; skipped, and told so, where one of them or the right to make namespaces is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LabFactAttribute : FactAttribute
{
    public LabFactAttribute(params string[] programs) => Skip = LabNeeds.Missing(programs);
}

/// <summary>The same with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LabTheoryAttribute : TheoryAttribute
{
    public LabTheoryAttribute(params string[] programs) => Skip = LabNeeds.Missing(programs);
}

/// <summary>What this machine lacks for a test.</summary>
internal static class LabNeeds
{
    private static readonly string[] Folders = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/bin", "/sbin"];

    /// <summary>Null: nothing.</summary>
    public static string? Missing(params string[] programs)
    {
        string[] absent = [.. programs.Append("ip").Where(program => !Folders.Any(folder => File.Exists(Path.Combine(folder, program))))];
        return absent.Length > 0 ? $"needs {string.Join(", ", absent)}: run scripts/install-test-tools.sh"
            : Environment.UserName != "root" ? "network namespaces need root"
            : null;
    }
}
