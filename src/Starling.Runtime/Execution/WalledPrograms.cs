using System;
using System.IO;
using System.Text;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Containers;
using Starling.Runtime.Machine;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Execution;

/// <summary>
/// The programs that a walled run would find, of this machine or of the task's image, asked within the same walls: a task that is not trusted names any program, and asking one means running it.
/// </summary>
internal sealed class WalledPrograms : IPrograms, IDisposable
{
    private const int MaxOutput = 4096;
    private const string UsualPath = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly TaskImage? _image;
    private readonly bool _isInEngine;
    private readonly RunPlace _place;

    /// <param name="site">On what the task's commands run; its image, if it has one, is prepared.</param>
    /// <param name="task">The task.</param>
    /// <param name="scratch">Folder for what is written meanwhile.</param>
    public WalledPrograms(RunSite site, TaskInfo task, string scratch)
    {
        _image = site.Image;
        _isInEngine = site.Engine is not null;
        _place = new RunPlace(site, task, Path.Combine(scratch, "programs"));
    }

    /// <inheritdoc/>
    public string? WhyNotAsked => null;

    /// <inheritdoc/>
    public string? Find(string name)
    {
        if (_isInEngine)
        {
            return Run($"command -v '{name}'")?.Trim() is { Length: > 0 } found ? found : null;
        }

        foreach (string folder in (_image?.SearchPath ?? UsualPath).Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            string path = $"{folder}/{name}";
            if (_image is null ? HostPrograms.IsProgram(path) : _image.Has(path))
            {
                return path;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public string? Ask(string path, string flag) => Run($"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}' {flag}");

    /// <inheritdoc/>
    public void Dispose() => _place.Remove();

    private string? Run(string command)
    {
        try
        {
            _place.Begin();
            if (!_place.TryStart(command, [], out IRunningCommand? process, out Problem? _))
            {
                return null;
            }

            var told = new StringBuilder();
            var errors = new StderrTail();
            _ = process.Run(bytes => told.Append(Encoding.UTF8.GetString(bytes)).Length < MaxOutput, errors, Patience);
            return $"{told}\n{errors.ToText()}";
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return null;
        }
    }
}
