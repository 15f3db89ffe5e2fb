using System.Collections.Generic;
using System.Text;

namespace Starling.Runtime.Walls;

/// <summary>The walls that this machine can put around foreign commands (DESIGN section 7). Made by <see cref="WallsProbe"/>, which has tried them.</summary>
public sealed class MachineWalls
{
    private readonly Bubblewrap _bubblewrap;
    private readonly byte[] _filter;
    private readonly byte[] _filterWithNetwork;
    private readonly RunUser _users = new();

    internal MachineWalls(Bubblewrap bubblewrap, SystemCalls calls, ControlGroups? groups)
    {
        Groups = groups;
        _bubblewrap = bubblewrap;
        _filter = SeccompFilter.Build(calls, network: false);
        _filterWithNetwork = SeccompFilter.Build(calls, network: true);
    }

    /// <summary>Whether runs are another user than this program: then what they may write must be given to that user.</summary>
    public bool ChangesUser => _bubblewrap.DropsPrivileges;

    /// <summary>A user for runs that nobody else has; meaningless unless <see cref="ChangesUser"/>.</summary>
    public int NewUser()
    {
        lock (_users)
        {
            return _users.Next();
        }
    }

    /// <summary>Control groups for runs; null: none are to be had.</summary>
    internal ControlGroups? Groups { get; }

    internal byte[] FilterOf(WallPlan plan) => plan.Network ? _filterWithNetwork : _filter;

    internal byte[] ArgumentsOf(WallPlan plan, string marker) => Encoding.UTF8.GetBytes(string.Join('\0', _bubblewrap.ArgumentsOf(plan, marker)) + "\0");

    internal string[] CommandLineOf(WallPlan plan, IReadOnlyList<string> command) => _bubblewrap.CommandLineOf(plan, command);
}
