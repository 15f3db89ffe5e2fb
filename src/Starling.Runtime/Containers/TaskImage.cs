using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Threading;
using Starling.Core.Images;
using Starling.Core.Primitives;
using Starling.Runtime.Execution;
using Starling.Runtime.Machine;

namespace Starling.Runtime.Containers;

/// <summary>The image of one task: unpacked when the first command needs it, for then its archive is here. Safe from every thread.</summary>
internal sealed class TaskImage : IDisposable
{
    /// <summary>Bytes of the image's variables as they stand before a command: with the longest command they still fit one argument of a program.</summary>
    public const int MaxVariableBytes = 48 * 1024;

    // What the walls set for every run, and what shells do not let anybody set.
    private static readonly HashSet<string> _own = new(StringComparer.Ordinal) { "HOME", "USER", "UID", "EUID", "PPID", "BASHOPTS", "SHELLOPTS", "BASH_VERSINFO" };

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly ImageCache _cache;
    private readonly string _archive;
    private readonly ImageDigest _digest;
    private UnpackedImage? _image;
    private string _variables = "";
    private Problem? _problem;

    /// <param name="cache">Where it is unpacked.</param>
    /// <param name="archive">Absolute path of the archive, where it lies or will lie.</param>
    /// <param name="digest">The image that the task names.</param>
    public TaskImage(ImageCache cache, string archive, ImageDigest digest)
    {
        _cache = cache;
        _archive = archive;
        _digest = digest;
    }

    /// <summary>Absolute path of its file system, once <see cref="TryPrepare"/> succeeded.</summary>
    public string Root => _image?.Root ?? throw new InvalidOperationException("The image is not prepared.");

    /// <summary>Folders in which the image's commands look for programs, with colons between; null: it does not say.</summary>
    public string? SearchPath
    {
        get
        {
            foreach ((string name, string value) in _image?.Variables ?? [])
            {
                if (name == "PATH")
                {
                    return value;
                }
            }

            return null;
        }
    }

    /// <summary>Whether the image has a program of that path, through links as a run would see them.</summary>
    public bool Has(string path)
    {
        using var root = new RootTree(Root);
        return root.FindFile(path) is { } file && HostPrograms.IsProgram(file);
    }

    /// <summary>Unpacks the image if that was not done; waits while another thread or process does. What is wrong with the image itself stays wrong.</summary>
    public bool TryPrepare([NotNullWhen(false)] out Problem? problem)
    {
        lock (_gate)
        {
            problem = _problem;
            if (_image is not null || problem is not null)
            {
                return problem is null;
            }

            try
            {
                if (_cache.TryUse(_archive, _digest, NeedsCheck.ThisArch, _ending.Token, out UnpackedImage? image, out problem))
                {
                    _image = image;
                    _variables = Exports(image.Variables);
                    _problem = problem = Encoding.UTF8.GetByteCount(_variables) > MaxVariableBytes
                        ? ImageProblem.Beyond("the configuration", $"its variables are more than {MaxVariableBytes} bytes")
                        : null;
                    return problem is null;
                }
            }
            catch (OperationCanceledException)
            {
                problem = new Problem(ImageProblem.Code, "the image was not unpacked: the program is ending");
                return false;
            }

            _problem = problem.Code == ImageProblem.Code ? problem : null;
            return false;
        }
    }

    /// <summary>
    /// A command as the image's shell gets it: the image's variables first, then the command. They are set in there, by the shell, and never in the environment of what puts up the walls: a loader would obey some of them.
    /// </summary>
    /// <param name="command">The command.</param>
    /// <param name="fromWorkingFolder">Whether it begins in the image's working folder, if there is one.</param>
    public string CommandOf(string command, bool fromWorkingFolder)
    {
        var text = new StringBuilder(_variables);
        if (fromWorkingFolder && _image?.WorkingFolder is { } folder)
        {
            text.Append("cd ").Append(Quoted(folder)).Append(" || exit 126;");
        }

        return text.Append('\n').Append(command).ToString();
    }

    /// <summary>Ends unpacking; nothing is prepared any more.</summary>
    public void Cancel() => _ending.Cancel();

    /// <summary>Lets go of it, when the last command has ended.</summary>
    public void Dispose()
    {
        // Before the lock: whoever unpacks holds it.
        _ending.Cancel();
        lock (_gate)
        {
            _image?.Dispose();
        }
    }

    private static string Exports(IReadOnlyList<KeyValuePair<string, string>> variables)
    {
        var text = new StringBuilder();
        foreach ((string name, string value) in variables)
        {
            if (IsName(name) && !_own.Contains(name) && !RunVariables.Names.Contains(name))
            {
                text.Append("export ").Append(name).Append('=').Append(Quoted(value)).Append(';');
            }
        }

        return text.ToString();
    }

    private static string Quoted(string value) => $"'{value.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>What a shell can set; others are left out.</summary>
    private static bool IsName(string name)
    {
        if (char.IsAsciiDigit(name[0]))
        {
            return false;
        }

        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_')
            {
                return false;
            }
        }

        return true;
    }
}
