using System.Collections.Generic;
using System.Text;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Runtime.Machine;

/// <summary>
/// In which environment a task's runs are computed here, in a word: results are compared only within one class where the task asks for that (<c>class: env</c>, DESIGN section 6, docs/trust.md). Kernels and WebAssembly give the same bytes everywhere, an image brings
/// all but the processor, and a command depends on the system, the processor and the programs that the task needs.
/// </summary>
public static class EnvironmentClass
{
    /// <summary>The class of every kernel: its bytes are the same on every processor.</summary>
    public const string Kernel = "kernel";

    /// <summary>The class of every WebAssembly module.</summary>
    public const string Wasm = "wasm";

    /// <summary>Digits of a digest that stand for it: 128 bits.</summary>
    private const int ShortDigest = 32;

    /// <summary>The class of a task on this machine.</summary>
    /// <param name="task">The task.</param>
    /// <param name="programs">What its command would find; asked for versions only where classes are compared.</param>
    public static string Of(TaskInfo task, IPrograms programs)
    {
        System.ArgumentNullException.ThrowIfNull(task);
        System.ArgumentNullException.ThrowIfNull(programs);
        return task.Run switch
        {
            RunSpec.Kernel => Kernel,
            RunSpec.Wasm => Wasm,
            RunSpec.Container container => $"image-{container.Digest!.Value.Hash.ToString()[..ShortDigest]}-{NeedsCheck.ThisArch}",
            _ => WithVersions($"{NeedsCheck.ThisOs}-{NeedsCheck.ThisArch}", task.Verify.WithinClass ? task.Needs.Programs : [], programs),
        };
    }

    /// <summary>Versions as they are, in the order of their names; where they do not fit, a digest of the same text.</summary>
    private static string WithVersions(string system, IReadOnlyList<string> needed, IPrograms programs)
    {
        var names = new SortedSet<string>(System.StringComparer.Ordinal);
        foreach (string text in needed)
        {
            if (ProgramNeed.TryParse(text, out ProgramNeed? need))
            {
                names.Add(need.Name);
            }
        }

        var versions = new StringBuilder();
        foreach (string name in names)
        {
            string version = programs.Find(name) is { } path && ProgramNeed.VersionOf(programs, path) is { } found ? ProgramNeed.Shown(found) : "?";
            versions.Append(' ').Append(name).Append('-').Append(version);
        }

        return system.Length + versions.Length <= AttestationBatch.MaxEnvironmentClassLength
            ? system + versions
            : $"{system} {Hash256.Of(Encoding.UTF8.GetBytes(versions.ToString())).ToString()[..ShortDigest]}";
    }
}
